"""Where files go: SFTP servers and folders, side files, circuits."""
