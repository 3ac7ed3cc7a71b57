# Commands for OpenOCD: programs an image only where the chip is the one that it was built for.

# Nobody is served meanwhile, so no port can be in use by another OpenOCD.
gdb_port disabled
tcl_port disabled
telnet_port disabled

# One word of the target's memory.
proc tinyssl_word {address} {
    return [lindex [read_memory $address 32 1] 0]
}

# Looks at the chip, then writes, verifies and starts IMAGE.
#
# image    ELF file
# address  register that identifies the chip, and `mask`, its bits that do
# value    what they are on the right chip, whose name is `name`
proc tinyssl_flash {image address mask value name} {
    if {[catch {init} message]} {
        echo "Error: the probe does not reach the chip: $message"
        shutdown error
        return
    }
    if {[catch {tinyssl_word $address} word]} {
        echo "Error: the register $address of the chip cannot be read: $word"
        shutdown error
        return
    }
    set found [expr {$word & $mask}]
    if {$found != $value} {
        echo [format "Error: wrong chip: register 0x%08x is 0x%x; %s has 0x%x; nothing was written" \
            $address $found $name $value]
        shutdown error
        return
    }
    program $image verify reset exit
}
