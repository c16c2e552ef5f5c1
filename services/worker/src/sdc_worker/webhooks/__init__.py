"""Messages to web: signed, recorded, and the ones that must arrive sent again until they do."""
