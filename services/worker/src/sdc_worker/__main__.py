"""`python -m sdc_worker` is `sdc-worker`."""

from sdc_worker.main import main

main()
