"""What stands behind the Makefile: installs Overshoulder, starts it, tests it.

Only the standard library is imported here, because it runs before anything is installed.
"""
