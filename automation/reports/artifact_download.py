"""An artifact as a download, for the page and the API."""

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from accounts.models import User
from automation.models import RunArtifact


def as_download(artifact: RunArtifact, actor: User) -> StreamingHttpResponse:
    """The file as an attachment of unknown type: no browser shows it. Raises Refused."""
    response = StreamingHttpResponse(
        artifact.download(actor), content_type="application/octet-stream"
    )
    header = content_disposition_header(as_attachment=True, filename=artifact.name)
    response["Content-Disposition"] = header or "attachment"
    return response
