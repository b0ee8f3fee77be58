"""One file per rule, named by its code. `rules.catalog` finds them; see CONTRIBUTING.md for how to add one."""
