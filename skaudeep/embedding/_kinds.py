"""The kinds of embedders, by the names that they have on the command line and in configurations."""

from skaudeep.embedding._base import embedders
from skaudeep.embedding._contrastive import ContrastiveEmbedder
from skaudeep.embedding._frequency import FrequencyAutoencoderEmbedder
from skaudeep.embedding._frequency_time import FrequencyTimeAutoencoderEmbedder
from skaudeep.embedding._time import Seq2SeqAutoencoderEmbedder

_OWN = (
    Seq2SeqAutoencoderEmbedder,
    FrequencyAutoencoderEmbedder,
    FrequencyTimeAutoencoderEmbedder,
    ContrastiveEmbedder,
)


def list_embedders():
    """List the kinds of embedders.

    Returns
    -------
    dict of str to type
        The classes by their names, such as "t-rae": those of skaudeep first, then each other subclass of
        `BaseEmbedder` that has been defined with a name, its attribute `kind`.

    Examples
    --------
    >>> from skaudeep.embedding import list_embedders
    >>> list(list_embedders())[:4]
    ['t-rae', 'f-rae', 'ft-rae', 'contrastive']
    """
    return {embedder.kind: embedder for embedder in _OWN} | embedders
