"""Arguments about every run of one program: its accesses, as formulas, and a solver."""
