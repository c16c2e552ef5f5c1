"""Analytics: exact counts over the access log, sealed days and today alike."""
