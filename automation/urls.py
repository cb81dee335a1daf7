from django.urls import path

from . import views

app_name = "automation"

urlpatterns = [
    path("jobs/launch/", views.job_launch, name="job_launch"),
    path("jobs/launch/variables/", views.job_launch_variables, name="job_launch_variables"),
    path("jobs/launch/count/", views.job_launch_count, name="job_launch_count"),
    path("jobs/<uuid:job_id>/", views.job_detail, name="job_detail"),
    path("jobs/<uuid:job_id>/lines/", views.job_lines, name="job_lines"),
    path("jobs/<uuid:job_id>/tasks/", views.job_tasks, name="job_tasks"),
    path("jobs/<uuid:job_id>/cancel/", views.job_cancel, name="job_cancel"),
    path("jobs/<uuid:job_id>/log.txt", views.job_log_download, name="job_log_download"),
    path("runs/<int:pk>/cancel/", views.run_cancel, name="run_cancel"),
    path("runs/<int:pk>/relaunch/", views.run_relaunch, name="run_relaunch"),
    path("servers/<int:pk>/check/", views.server_check, name="server_check"),
    path("playbooks/<int:pk>/accept/", views.playbook_accept, name="playbook_accept"),
]
