"""The operators: fields, rules, fixed-point parameters."""
