"""What every part uses: errors, settings, records, files, child processes."""
