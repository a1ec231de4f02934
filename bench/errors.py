"""The errors that are not the program's own: the user's to mend, or the machine's."""


class UserError(Exception):
    """Bad input: one line that names the value, what was expected and how to fix it.

    The command line prints it without a traceback and exits with code 2.
    """


class Halted(Exception):
    """The disk or the database refused to go on: one line; the same command continues once that is mended.

    The command line prints it without a traceback and exits with code 1.
    """
