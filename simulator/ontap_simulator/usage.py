"""What ``eic-ontap-simulator --help`` says beyond its options."""

from pathlib import Path

EXAMPLE = Path(__file__).with_name('topology') / 'example.toml'
"""The topology that is simulated if no other is given."""

DATA_DIR = Path('ontap-simulator-data')
"""Where a simulator keeps its data if nothing is said: in the current directory."""

EPILOG = f"""\
the first two minutes:
  Without options it simulates a small cluster: SVMs for files and for LUNs, the user
  "admin" with the password "secret", at https://127.0.10.1:18443. It keeps its data in
  ./{DATA_DIR}, with the CA of its certificate in ca.pem. In another terminal:

  curl
    curl --cacert {DATA_DIR}/ca.pem -u admin:secret \\
        'https://127.0.10.1:18443/api/storage/volumes?fields=name,size'

  NetApp's Python library (pip install netapp-ontap)
    from netapp_ontap import HostConnection
    from netapp_ontap.resources import Volume
    with HostConnection('127.0.10.1', port=18443, username='admin',
                        password='secret', verify='{DATA_DIR}/ca.pem'):
        print([volume.name for volume in Volume.get_collection()])

  Ansible (pip install ansible); REQUESTS_CA_BUNDLE={DATA_DIR}/ca.pem
    - netapp.ontap.na_ontap_volume:
        hostname: 127.0.10.1
        http_port: 18443
        username: admin
        password: secret
        https: true
        use_rest: always
        vserver: svm_files
        name: made_by_ansible
        aggregate_name: aggr1
        size: 1

  Cinder (cinder.conf)
    netapp_server_hostname = 127.0.10.1
    netapp_server_port = 18443
    netapp_ssl_cert_path = .../{DATA_DIR}/ca.pem
    netapp_use_legacy_client = False
"""
