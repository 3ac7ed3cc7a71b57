"""Many devices that learn together: Flower (https://flower.ai) over boards.

A *node* is one device and the samples that it alone sees. `client.client_app` makes it a Flower
`ClientApp`; `grid.DeviceGrid` drives such apps from any Flower strategy of this process. Needs the
extra `federated`.
"""

import os

# Before Flower and Ray are imported: unless you say otherwise, neither tells its makers anything.
os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
