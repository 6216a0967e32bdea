#!/bin/sh
# The only program of the lab's guest (lab/guest_image/). It speaks on the serial console,
# a line for each thing that it sees; lab/guest_image/words.py reads these lines.
#
# Sectors of its disk, as lab/guest_image/image.py lays it out:
LABEL_SECTOR=57344  # what image this is, and what a guest does with it
NOTES_SECTOR=59392  # the guest's own: how often it was up

/bin/busybox mkdir -p /proc /sys /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s /bin
exec < /dev/ttyS0 > /dev/ttyS0 2>&1
echo 1 > /proc/sys/kernel/printk

# In the order in which they need each other.
for module in @MODULES@; do
    insmod "/modules/$module.ko"
done

say() { echo "EIC-GUEST $*"; }

sector() { dd if="/dev/$1" bs=512 skip="$2" count=1 2> /dev/null | tr -d '\0'; }

# $1 is written into the sector $2 of this disk, and is on it when this returns.
keep() {
    printf '%-512s' "$1" | dd of=/dev/vda bs=512 seek="$2" conv=notrunc,fsync 2> /dev/null
}

bytes() { echo $(($(cat "/sys/block/$1/size") * 512)); }

field() { echo "$1" | tr ' ' '\n' | sed -n "s/^$2=//p"; }

until [ -b /dev/vda ]; do usleep 100000; done
label=$(sector vda $LABEL_SECTOR)
token=$(field "$label" token)
ups=$(field "$(sector vda $NOTES_SECTOR)" ups)
ups=$((${ups:-0} + 1))
say up "token=$token" "ups=$ups" "bytes=$(bytes vda)"

# A power button of ACPI ends it, as it would end a distribution's guest.
mkdir -p /etc/acpi/PWRF
printf '#!/bin/sh\necho EIC-GUEST down > /dev/ttyS0\nsync\npoweroff -f\n' \
    > /etc/acpi/PWRF/00000080
chmod +x /etc/acpi/PWRF/00000080
acpid -l /dev/null &

summed=$(field "$label" sum)
say sum "bytes=$summed" "sha256=$(
    dd if=/dev/vda bs=65536 count=$((summed / 65536)) 2> /dev/null |
        sha256sum | cut -d ' ' -f 1)"

keep "ups=$ups token=$token" $NOTES_SECTOR
say wrote "ups=$ups"

# What a hostile guest does: the host must never take its disk for a QCOW2 file.
if [ "$(field "$label" mode)" = qcow2 ]; then
    base64 -d /header | dd of=/dev/vda bs=512 conv=notrunc,fsync 2> /dev/null
    say header "sha256=$(dd if=/dev/vda bs=512 count=1 2> /dev/null |
        sha256sum | cut -d ' ' -f 1)"
fi

# What comes, goes or grows from now on; and that it lives.
known="vda:$(bytes vda)"
beats=0
while :; do
    now=
    for each in /sys/block/vd*; do
        name=${each##*/}
        now="$now $name:$(bytes "$name")"
    done
    for each in $now; do
        case " $known " in *" $each "*) ;; *)
            name=${each%%:*}
            say disk "name=$name" "bytes=${each##*:}" \
                "token=$(field "$(sector "$name" $LABEL_SECTOR)" token)" ;;
        esac
    done
    for each in $known; do
        case "$now " in *" ${each%%:*}:"*) ;; *) say gone "name=${each%%:*}" ;; esac
    done
    known=${now# }
    beats=$((beats + 1))
    [ $((beats % 5)) -eq 0 ] && say alive "beats=$beats"
    sleep 1
done
