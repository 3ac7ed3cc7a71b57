"""A SPARQL 1.1 server in memory, rdflib's: `python sparql_server.py PORT`."""

from __future__ import annotations

import sys

import uvicorn
from rdflib import Dataset
from rdflib_endpoint import SparqlEndpoint

if __name__ == "__main__":
    app = SparqlEndpoint(graph=Dataset(default_union=True), enable_update=True)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
