from django.urls import path

from labeler.exploring.views import choice, explore

urlpatterns = [
    path("projects/<int:pk>/explore", explore.page, name="explore"),
    path("projects/<int:pk>/explore/label", choice.label, name="explore_label"),
    path("projects/<int:pk>/explore/undo", choice.undo, name="explore_undo"),
    path("projects/<int:pk>/explore/ask", choice.ask, name="explore_ask"),
    path("projects/<int:pk>/explore/facts", choice.facts, name="explore_facts"),
]
