"""The catalogue: what is known of models, boards, devices and measurements, as one RDF graph."""
