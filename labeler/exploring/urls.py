from django.urls import path

from labeler.exploring.views import browse, choice, explore

urlpatterns = [
    path("projects/<int:pk>/explore", explore.page, name="explore"),
    path("projects/<int:pk>/explore/images", browse.images, name="explore_images"),
    path("projects/<int:pk>/explore/ids", browse.ids, name="explore_ids"),
    path("projects/<int:pk>/explore/counts", browse.counted, name="explore_counts"),
    path("projects/<int:pk>/explore/views/keep", browse.keep, name="explore_keep_view"),
    path("projects/<int:pk>/explore/views/forget", browse.forget, name="explore_forget_view"),
    path("projects/<int:pk>/explore/label", choice.label, name="explore_label"),
    path("projects/<int:pk>/explore/undo", choice.undo, name="explore_undo"),
    path("projects/<int:pk>/explore/ask", choice.ask, name="explore_ask"),
    path("projects/<int:pk>/explore/facts", choice.facts, name="explore_facts"),
]
