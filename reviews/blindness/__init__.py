"""Who may know what others said: one rule, `rules.may_know`, that every page, file and act asks."""
