"""The daily copy of every bucket to a remote one: planned and guarded here, carried by rclone, checked afterwards."""
