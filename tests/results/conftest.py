"""JSON files."""

import json

import pytest


@pytest.fixture
def write(tmp_path):
    """Write something as JSON to a file, with its folder, and return its path."""

    def write_json(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    return write_json
