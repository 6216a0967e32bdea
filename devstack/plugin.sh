#!/bin/bash
#
# DevStack's plugin eic-plugins: installs the bundle, and puts it into the
# configuration of Cinder, Nova and Glance. docs/recipes.md says how it is used.
#
# DevStack sources it as "plugin.sh MODE PHASE". Variables are in devstack/settings.

# The password of the service user is not to be traced.
_XTRACE_EIC=$(set +o | grep xtrace)
set +o xtrace

EIC_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
EIC_STOCK_DRIVER=cinder.volume.drivers.netapp.common.NetAppDriver
EIC_WEIGHER=EICImageLocalityWeigher

# Whether this host runs something that EIC plugs into
function is_eic_wanted {
    is_service_enabled c-api || is_service_enabled c-sch \
        || is_service_enabled c-vol || is_eic_nova_wanted
}

function is_eic_nova_wanted {
    [[ "$EIC_NOVA_FILTER" == "True" ]] && is_service_enabled n-api
}

function install_eic {
    setup_develop "$EIC_DIR"
}

function uninstall_eic {
    # pip_uninstall alone looks into the system's Python.
    if [[ "${GLOBAL_VENV:-False}" == "True" ]]; then
        PIP_VIRTUAL_ENV=$DEVSTACK_VENV pip_uninstall eic-plugins
    else
        pip_uninstall eic-plugins
    fi
}

function create_eic_accounts {
    create_service_user "$EIC_SERVICE_USER" admin
}

function configure_eic {
    if is_service_enabled c-api || is_service_enabled c-vol; then
        _eic_configure_credentials
    fi
    if is_service_enabled c-api; then
        _eic_add_filter "$CINDER_API_PASTE_INI" cinder \
            composite:openstack_volume_api_v3 keystone keystone_nolimit
    fi
    if is_service_enabled c-sch; then
        _eic_add_weigher
    fi
    if is_service_enabled c-vol; then
        _eic_set_drivers
    fi
    if is_eic_nova_wanted; then
        _eic_configure_nova
    fi
    if is_service_enabled g-api && [[ -n "$EIC_GLANCE_SHARE_LOCATION" ]]; then
        _eic_configure_glance
    fi
}

# What unstack.sh finds may be of a stack.sh that did not end: each step looks first.
function unconfigure_eic {
    if [[ -f "$CINDER_API_PASTE_INI" ]]; then
        _eic_remove_filter "$CINDER_API_PASTE_INI" \
            composite:openstack_volume_api_v3 keystone keystone_nolimit
    fi
    if [[ -f "$CINDER_CONF" ]]; then
        _eic_remove_weigher
        _eic_unset_drivers
        _eic_delete_section "$CINDER_CONF" eic
        if [[ "$(iniget "$CINDER_CONF" glance auth_type)" == eic_shared_password ]]; then
            iniset "$CINDER_CONF" glance auth_type password
        fi
    fi
    if [[ -f "$NOVA_API_PASTE_INI" ]]; then
        _eic_remove_filter "$NOVA_API_PASTE_INI" \
            composite:openstack_compute_api_v21 keystone
        _eic_remove_filter "$NOVA_API_PASTE_INI" \
            composite:openstack_compute_api_v21_legacy_v2_compatible keystone
    fi
    if [[ -f "$NOVA_CONF" ]]; then
        _eic_delete_section "$NOVA_CONF" eic
    fi
    if [[ -f "$GLANCE_API_CONF" ]]; then
        _eic_unconfigure_glance
    fi
}

# DevStack has public endpoints alone.
function _eic_configure_endpoint {
    local file=$1
    iniset "$file" eic glance_interface public
    iniset "$file" eic region_name "$REGION_NAME"
}

function _eic_configure_credentials {
    _eic_configure_endpoint "$CINDER_CONF"
    iniset "$CINDER_CONF" eic auth_type password
    iniset "$CINDER_CONF" eic auth_url "$KEYSTONE_SERVICE_URI"
    iniset "$CINDER_CONF" eic username "$EIC_SERVICE_USER"
    iniset "$CINDER_CONF" eic password "$SERVICE_PASSWORD"
    iniset "$CINDER_CONF" eic user_domain_name "$SERVICE_DOMAIN_NAME"
    iniset "$CINDER_CONF" eic project_name "$SERVICE_PROJECT_NAME"
    iniset "$CINDER_CONF" eic project_domain_name "$SERVICE_DOMAIN_NAME"
    if [[ -n "${SSL_BUNDLE_FILE:-}" ]]; then
        iniset "$CINDER_CONF" eic cafile "$SSL_BUNDLE_FILE"
    fi
    # With "password", Cinder asks Keystone for a token for each volume.
    if [[ "$(iniget "$CINDER_CONF" glance auth_type)" == password ]]; then
        iniset "$CINDER_CONF" glance auth_type eic_shared_password
    fi
}

function _eic_configure_nova {
    _eic_add_filter "$NOVA_API_PASTE_INI" nova \
        composite:openstack_compute_api_v21 keystone
    _eic_add_filter "$NOVA_API_PASTE_INI" nova \
        composite:openstack_compute_api_v21_legacy_v2_compatible keystone
    _eic_configure_endpoint "$NOVA_CONF"
    if [[ -n "${SSL_BUNDLE_FILE:-}" ]]; then
        iniset "$NOVA_CONF" eic cafile "$SSL_BUNDLE_FILE"
    fi
    # With DevStack's "error", Nova may answer 400 to a boot that it has begun.
    iniset "$NOVA_CONF" api response_validation warn
}

# Puts the filter before the last word of pipelines, which is the application
# _eic_add_filter PASTE_INI SERVICE SECTION OPTION...
function _eic_add_filter {
    local file=$1 service=$2 section=$3
    shift 3
    local option pipeline
    for option in "$@"; do
        pipeline=$(iniget "$file" "$section" "$option")
        if [[ -n "$pipeline" && " $pipeline " != *" eic "* ]]; then
            iniset "$file" "$section" "$option" "${pipeline% *} eic ${pipeline##* }"
        fi
    done
    iniset "$file" filter:eic paste.filter_factory \
        "eic_plugins.middleware.$service:filter_factory"
}

# _eic_remove_filter PASTE_INI SECTION OPTION...
function _eic_remove_filter {
    local file=$1 section=$2
    shift 2
    local option pipeline
    for option in "$@"; do
        pipeline=$(iniget "$file" "$section" "$option")
        if [[ " $pipeline " == *" eic "* ]]; then
            iniset "$file" "$section" "$option" "${pipeline/ eic / }"
        fi
    done
    _eic_delete_section "$file" filter:eic
}

# DevStack has no function for it.
function _eic_delete_section {
    local file=$1 section=$2
    sed -i -e "/^\[$section\]/,/^\[/ { /^\[$section\]/ d; /^\[/! d; }" "$file"
}

function _eic_add_weigher {
    local weighers
    weighers=$(iniget "$CINDER_CONF" DEFAULT scheduler_default_weighers)
    weighers=${weighers:-CapacityWeigher}
    if [[ ",$weighers," != *",$EIC_WEIGHER,"* ]]; then
        iniset "$CINDER_CONF" DEFAULT scheduler_default_weighers \
            "$weighers,$EIC_WEIGHER"
    fi
}

function _eic_remove_weigher {
    local weighers
    weighers=$(iniget "$CINDER_CONF" DEFAULT scheduler_default_weighers)
    if [[ ",$weighers," == *",$EIC_WEIGHER,"* ]]; then
        iniset "$CINDER_CONF" DEFAULT scheduler_default_weighers \
            "${weighers/,$EIC_WEIGHER/}"
    fi
}

# EIC's driver of a storage protocol; nothing for others
function _eic_driver_of {
    case "$1" in
        nfs) echo eic_plugins.volume.nfs.EICNfsDriver ;;
        iscsi) echo eic_plugins.volume.iscsi.EICISCSIDriver ;;
        fc) echo eic_plugins.volume.fc.EICFibreChannelDriver ;;
        nvme) echo eic_plugins.volume.nvme.EICNVMeDriver ;;
    esac
}

function _eic_backends {
    local backends
    backends=$(iniget "$CINDER_CONF" DEFAULT enabled_backends)
    echo "${backends//,/ }"
}

function _eic_set_drivers {
    local backend family driver
    for backend in $(_eic_backends); do
        if [[ "$(iniget "$CINDER_CONF" "$backend" volume_driver)" != "$EIC_STOCK_DRIVER" ]]; then
            continue
        fi
        family=$(iniget "$CINDER_CONF" "$backend" netapp_storage_family)
        driver=$(_eic_driver_of "$(iniget "$CINDER_CONF" "$backend" netapp_storage_protocol)")
        if [[ "${family:-ontap_cluster}" != ontap_cluster || -z "$driver" ]]; then
            warn $LINENO "EIC has no driver for backend $backend; is NETAPP_MODE=ontap_cluster set?"
            continue
        fi
        iniset "$CINDER_CONF" "$backend" volume_driver "$driver"
        # EIC's drivers are for ONTAP's REST API; Cinder's default is the older one.
        iniset "$CINDER_CONF" "$backend" netapp_use_legacy_client False
    done
}

function _eic_unset_drivers {
    local backend
    for backend in $(_eic_backends); do
        if [[ "$(iniget "$CINDER_CONF" "$backend" volume_driver)" == eic_plugins.volume.* ]]; then
            iniset "$CINDER_CONF" "$backend" volume_driver "$EIC_STOCK_DRIVER"
            inidelete "$CINDER_CONF" "$backend" netapp_use_legacy_client
        fi
    done
}

# Glance says where its files are
function _eic_configure_glance {
    local metadata=$GLANCE_CONF_DIR/eic-nfs-metadata.json
    printf '{"id": "eic", "type": "nfs", "share_location": "%s", "mountpoint": "%s"}\n' \
        "$EIC_GLANCE_SHARE_LOCATION" "$EIC_GLANCE_MOUNTPOINT" > "$metadata"
    iniset "$GLANCE_API_CONF" glance_store filesystem_store_metadata_file "$metadata"
    iniset "$GLANCE_API_CONF" glance_store filesystem_store_file_perm 660
}

function _eic_unconfigure_glance {
    local metadata=$GLANCE_CONF_DIR/eic-nfs-metadata.json
    if [[ "$(iniget "$GLANCE_API_CONF" glance_store filesystem_store_metadata_file)" == "$metadata" ]]; then
        inidelete "$GLANCE_API_CONF" glance_store filesystem_store_metadata_file
        inidelete "$GLANCE_API_CONF" glance_store filesystem_store_file_perm
    fi
    rm -f "$metadata"
}

if [[ "$1" == "stack" && "$2" == "install" ]]; then
    if is_eic_wanted; then
        echo_summary "Installing eic-plugins"
        install_eic
    fi
elif [[ "$1" == "stack" && "$2" == "post-config" ]]; then
    echo_summary "Configuring eic-plugins"
    if is_service_enabled keystone; then
        create_eic_accounts
    fi
    configure_eic
elif [[ "$1" == "unstack" ]]; then
    unconfigure_eic
elif [[ "$1" == "clean" ]]; then
    uninstall_eic
fi

$_XTRACE_EIC
