"""What fits a kernel to a machine: who shares its loops out, where launchers and arrays live, which types there are."""
