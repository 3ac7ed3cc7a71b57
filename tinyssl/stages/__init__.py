"""The stages of a run: each reads run records, calls the libraries, and writes a record."""
