"""What people meet: the command line now, the web later."""
