"""The graph that the compiler works on: values, checks and passes."""
