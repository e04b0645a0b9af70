"""Pure decisions: values in, values out. Nothing in this room touches a disk, a clock or a ledger."""
