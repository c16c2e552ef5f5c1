"""`python -m sdc_worker` is `sdc-worker`."""

# The processes of the image pool run this file again, under another name: they must not start a second worker, and need
# nothing of what it imports.
if __name__ == "__main__":
    from sdc_worker.main import main

    main()
