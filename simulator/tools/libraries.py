"""Reads NetApp's Python library of one release: which resource has which fields.

Nothing of the library is run: its modules are parsed, so that releases with other
dependencies than the installed one can be read side by side.
"""

import ast
import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

KINDS = {
    'Str': 'str',
    'Integer': 'int',
    'Number': 'number',
    'Size': 'size',
    'Boolean': 'bool',
    'ImpreciseDateTime': 'time',
    'DateTime': 'time',
    'Dict': 'any',
    'Raw': 'any',
}
_PATH = re.compile(r'^    _path = "/api(.*)"$', re.MULTILINE)
_DEEPEST = 7
# A reference to another resource, where the library has that resource's whole
# schema in its place.
_REFERENCE = ('name', 'uuid')


@dataclasses.dataclass(frozen=True)
class Field:
    """A field of a schema, as it is declared."""

    kind: str
    many: bool = False
    choices: tuple[str, ...] = ()
    nested: tuple[str, str] | None = None


@dataclasses.dataclass(frozen=True)
class Property:
    """A leaf of a resource: ``space.size`` of a LUN."""

    kind: str
    choices: tuple[str, ...] = ()
    access: frozenset[str] = frozenset()
    """``g``: shown; ``c``: set by POST; ``u``: changed by PATCH."""


@dataclasses.dataclass(frozen=True)
class Resource:
    """A resource of the library."""

    path: str
    keys: tuple[str, ...]
    properties: Mapping[str, Property]
    """By their names, in which arrays are marked: ``initiators[].name``."""
    expensive: tuple[str, ...] = ()
    """Shown only when they are named, as ``metric.*``."""


class Library:
    """The modules of one release.

    :param root: the unpacked ``netapp_ontap`` package
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._trees: dict[str, ast.Module] = {}
        self._schemas: dict[tuple[str, str], list[tuple[str, str, Field]]] = {}

    def resources(self, wanted: Callable[[str], bool]) -> Iterator[Resource]:
        """The resources of the paths that are wanted."""
        for path in sorted((self._root / 'resources').glob('*.py')):
            module = f'resources.{path.stem}'
            if any(map(wanted, _PATH.findall(self._text(module)))):
                yield from self._of_module(module)

    def _of_module(self, module: str) -> Iterator[Resource]:
        for node in self._tree(module).body:
            if isinstance(node, ast.ClassDef):
                found = _assigned(node)
                if '_path' in found and '_schema' in found:
                    yield self._resource(module, found)

    def _resource(self, module: str, found: Mapping[str, ast.expr]) -> Resource:
        path, schema = ast.literal_eval(found['_path']), _name(found['_schema'])
        keys = ast.literal_eval(found['_keys']) if '_keys' in found else []
        return Resource(
            path.removeprefix('/api'),
            tuple(keys),
            self._properties(module, schema),
            _expensive(self._text(module)),
        )

    def _properties(self, module: str, schema: str) -> dict[str, Property]:
        lists = self._lists(module, schema)
        found: dict[str, Property] = {}
        for access, names in lists.items():
            for name in names:
                for leaf, field in self._named(module, schema, name.split('.')):
                    old = found.get(leaf)
                    rights = {access} | (old.access if old else set())
                    found[leaf] = Property(field.kind, field.choices, frozenset(rights))
        return found

    def _lists(self, module: str, schema: str) -> Mapping[str, Iterable[str]]:
        found = _assigned(self._class(module, schema))
        return {
            access: ast.literal_eval(found[name]) if name in found else ()
            for access, name in (
                ('g', 'gettable_fields'),
                ('c', 'postable_fields'),
                ('u', 'patchable_fields'),
            )
        }

    def _named(
        self, module: str, schema: str, parts: list[str]
    ) -> Iterator[tuple[str, Field]]:
        """The leaves at a path of attributes: ``space``, ``svm.name``."""
        attribute, *rest = parts
        for name, key, field in self._schema(module, schema):
            if name != attribute or key == '_links':
                continue
            if rest and field.nested:
                for leaf, below in self._named(*field.nested, rest):
                    yield f'{_marked(key, field)}.{leaf}', below
            elif not rest:
                yield from self._expanded(_marked(key, field), field, 1)

    def _expanded(
        self, key: str, field: Field, depth: int
    ) -> Iterator[tuple[str, Field]]:
        if not field.nested:
            yield key, field
            return
        module, schema = field.nested
        inside = self._schema(module, schema)
        reference = module.startswith('resources.') and any(
            below in _REFERENCE for _, below, _ in inside
        )
        for _, below, found in inside:
            if below == '_links' or depth > _DEEPEST:
                continue
            if reference and below not in _REFERENCE:
                continue
            name = _marked(below, found)
            for leaf, each in self._expanded(name, found, depth + 1):
                yield f'{key}.{leaf}', each

    def _schema(self, module: str, name: str) -> list[tuple[str, str, Field]]:
        """Attributes, their names in a record, and what they are."""
        if (module, name) not in self._schemas:
            self._schemas[module, name] = [
                (attribute, _key(call) or attribute, field)
                for attribute, call in _assigned(self._class(module, name)).items()
                if isinstance(call, ast.Call) and (field := _field(call))
            ]
        return self._schemas[module, name]

    def _class(self, module: str, name: str) -> ast.ClassDef:
        for node in self._tree(module).body:
            if isinstance(node, ast.ClassDef) and node.name == name:
                return node
        raise LookupError(f'{module}.{name}')

    def _tree(self, module: str) -> ast.Module:
        if module not in self._trees:
            self._trees[module] = ast.parse(self._text(module))
        return self._trees[module]

    def _text(self, module: str) -> str:
        return (self._root / f'{module.replace(".", "/")}.py').read_text()


def _assigned(node: ast.ClassDef) -> dict[str, ast.expr]:
    found: dict[str, ast.expr] = {}
    for each in node.body:
        if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name):
            found[each.targets[0].id] = each.value
    return found


def _key(call: ast.Call) -> str | None:
    for keyword in call.keywords:
        if keyword.arg == 'data_key':
            return str(ast.literal_eval(keyword.value))
    return None


def _field(call: ast.Call) -> Field | None:
    kind = _name(call.func)
    if kind == 'List':
        inner = call.args[0]
        found = _field(inner) if isinstance(inner, ast.Call) else None
        return dataclasses.replace(found or Field('any'), many=True)
    if kind == 'Nested':
        return Field('object', nested=_nested(call.args[0]))
    if kind in KINDS:
        return Field(KINDS[kind], choices=_choices(call))
    return None


def _marked(key: str, field: Field) -> str:
    return f'{key}[]' if field.many else key


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, 'id', '')


def _nested(node: ast.expr) -> tuple[str, str]:
    """ "netapp_ontap.models.x.XSchema", or a function that imports it."""
    texts = [
        each.value
        for each in ast.walk(node)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    module, _, schema = '.'.join(texts).rpartition('.')
    return module.removeprefix('netapp_ontap.'), schema


def _expensive(text: str) -> tuple[str, ...]:
    found = re.search('### Expensive properties\n(?:[^*#]*\n)*((?:\\* `.*\n)+)', text)
    return tuple(re.findall('`([^` ]+)`', found[1])) if found else ()


def _choices(call: ast.Call) -> tuple[str, ...]:
    for each in ast.walk(call):
        if isinstance(each, ast.Call) and _name(each.func) == 'enum_validation':
            return tuple(str(c) for c in ast.literal_eval(each.args[0]))
    return ()


def normal(path: str) -> str:
    """A path with the names of its variables left out: ``/storage/luns/{}``."""
    return re.sub(r'\{[^}]*\}', '{}', path)
