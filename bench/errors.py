"""The one kind of error that is the user's to mend."""


class UserError(Exception):
    """Bad input: one line that names the value, what was expected and how to fix it.

    The command line prints it without a traceback and exits with code 2.
    """
