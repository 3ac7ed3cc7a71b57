"""What several operators share: their specification, rules, geometry, requantisation."""
