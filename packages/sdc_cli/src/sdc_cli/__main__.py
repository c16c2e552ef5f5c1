"""`python -m sdc_cli` is `sdc`."""

from sdc_cli.main import main

main()
