"""Downloads of the files that a run's plays have left."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET

from accounts.signed_in import signed_in
from automation.models import RunArtifact
from automation.reports.artifact_download import as_download
from schema.exceptions import Refused


@require_GET
@permission_required("automation.download_runartifact", raise_exception=True)
def run_artifact(request: HttpRequest, pk: int, number: int) -> HttpResponseBase:
    """Download an artifact, always as a file: its content is nobody's page."""
    rows = RunArtifact.objects.select_related("run__playbook")
    artifact = get_object_or_404(rows, run=pk, number=number)
    try:
        return as_download(artifact, signed_in(request))
    except Refused as error:
        messages.error(request, str(error))
        return redirect(artifact.run)
