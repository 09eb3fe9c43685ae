"""What all pages have in common: templates, scripts, and pictures and sounds inside of the page."""

import base64
import functools
import os

from skaudeep._files import atomic_path
from skaudeep._version import __version__

# Who reads the page sends nothing anywhere, whatever a label or a file name may hold. The scripts are the page's
# own; Plotly compiles its shaders' bindings and so needs eval.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; media-src 'self' file: data: blob:; base-uri 'none'; form-action 'none'"
)


def render(template, **values):
    """Fill in a template of the folder ``templates`` with values.

    Text is escaped, so that it appears as it is; ``{{ value | tojson }}`` is JSON that can stand in a script. In a
    template ``source("name.js")`` is the text of another file of the folder, as it is. `style` is the file of styles,
    by default that of the template's name.
    """
    common = {"policy": CONTENT_SECURITY_POLICY, "version": __version__, "style": template.replace(".html", ".css")}
    return _environment().get_template(template).render(common | values)


def write_page(text, path):
    """Write the text of a page, whole or not at all; give its size in bytes."""
    content = text.encode()
    with atomic_path(path) as temporary:
        try:
            temporary.write_bytes(content)
        except OSError as error:
            raise OSError(f"{path}: cannot be written ({error.strerror}); is the disk full?") from error
    return len(content)


def data_uri(content, kind):
    """Make an address that holds a file of a kind such as "image/png"; it is a third longer than the file."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def plotly_script():
    """Give the code of Plotly for the inside of a script element: about 5 MB, not to be escaped."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise ImportError("Pages with interactive pictures need Plotly: pip install plotly") from error
    from markupsafe import Markup

    # the only text that would end the element; it could stand in a string, where the backslash changes nothing
    return Markup(get_plotlyjs().replace("</script", "<\\/script"))


@functools.cache
def _environment():
    try:
        import jinja2
    except ImportError as error:
        raise ImportError("Pages need Jinja: pip install jinja2") from error
    from markupsafe import Markup

    folder = os.path.join(os.path.dirname(__file__), "templates")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    environment.globals["source"] = lambda name: Markup(environment.loader.get_source(environment, name)[0])
    return environment
