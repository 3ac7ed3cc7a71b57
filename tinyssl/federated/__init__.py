"""Many devices that learn together: Flower (https://flower.ai) over boards.

A *node* is one device and the samples that it alone sees. `client.client_app` makes it a Flower
`ClientApp`; `grid.DeviceGrid` drives such apps from any Flower strategy of this process. Needs the
extra `federated`.
"""
