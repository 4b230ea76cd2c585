"""What is printed: no name can steer the terminal."""

import re


def say(text, file=None):
    """Print text; control characters in it are shown as escapes, except the ends of lines."""
    print(re.sub(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", _escape, str(text)), file=file)


def _escape(match):
    return f"\\x{ord(match[0]):02x}"
