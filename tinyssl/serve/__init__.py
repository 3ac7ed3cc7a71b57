"""`tinyssl serve`: the workspace as web pages."""
