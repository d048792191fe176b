"""On how many machines? Executors: threads of this process, processes of this machine, workers of a Dask cluster."""
