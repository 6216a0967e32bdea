"""Prometheus' own tool reads the alert rules, and says when they fire."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.functional import exported
from tests.unit import manuals

ROOT = Path(__file__).parents[2]
RULES = ROOT / 'etc/prometheus/eic-alerts.yaml'
TRIED = Path(__file__).with_name('alerts.yaml')
MANUAL = ROOT / 'docs/alerts.md'
TIMEOUT = 60

needs_promtool = pytest.mark.skipif(
    shutil.which('promtool') is None, reason='promtool is missing: install prometheus'
)


def rules():
    (group,) = yaml.safe_load(RULES.read_text())['groups']
    return group['rules']


def promtool(*arguments):
    return subprocess.run(
        ['promtool', *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )


@needs_promtool
def test_prometheus_takes_the_rules():
    checked = promtool('check', 'rules', '--lint-fatal', str(RULES))
    assert checked.returncode == 0, checked.stderr
    assert f'SUCCESS: {len(rules())} rules found' in checked.stdout


@needs_promtool
def test_each_alert_fires_when_it_should_and_only_then():
    tried = promtool('test', 'rules', str(TRIED))
    assert tried.returncode == 0, tried.stdout + tried.stderr


def test_each_alert_is_tried():
    tried = {
        case['alertname']
        for test in yaml.safe_load(TRIED.read_text())['tests']
        for case in test['alert_rule_test']
        if case['exp_alerts']
    }
    assert tried == {rule['alert'] for rule in rules()}


def test_each_alert_has_its_section_and_its_row_in_the_manual():
    anchors = manuals.anchors(MANUAL)
    for rule in rules():
        path, _, anchor = rule['annotations']['runbook'].partition('#')
        assert ROOT / path == MANUAL
        assert anchor in anchors
        row = f'| [{rule["alert"]}](#{anchor}) | {rule["labels"]["severity"]} |'
        assert row in MANUAL.read_text()


def test_rules_name_metrics_that_there_are():
    for rule in rules():
        assert exported.named_in(rule['expr']) <= exported.series()
