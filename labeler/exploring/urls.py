from django.urls import include, path

from labeler.exploring.views import (
    browse,
    choice,
    clusters,
    duplicates,
    explore,
    feature_sets,
    looks,
    promised,
    taking_out,
)

urlpatterns = [
    path("projects/<int:pk>/explore/", include("labeler.exploring.map_urls")),
    path("projects/<int:pk>/explore", explore.page, name="explore"),
    path("projects/<int:pk>/explore/images", browse.images, name="explore_images"),
    path("projects/<int:pk>/explore/ids", browse.ids, name="explore_ids"),
    path("projects/<int:pk>/explore/counts", browse.counted, name="explore_counts"),
    path("projects/<int:pk>/explore/looks", looks.make, name="explore_looks"),
    path("projects/<int:pk>/explore/looks/live", looks.live, name="explore_looks_live"),
    path("projects/<int:pk>/explore/features", feature_sets.page, name="explore_features"),
    path(
        "projects/<int:pk>/explore/features/change",
        feature_sets.change,
        name="explore_change_features",
    ),
    path("projects/<int:pk>/explore/views/keep", browse.keep, name="explore_keep_view"),
    path("projects/<int:pk>/explore/views/forget", browse.forget, name="explore_forget_view"),
    path("projects/<int:pk>/explore/label", choice.label, name="explore_label"),
    path("projects/<int:pk>/explore/undo", choice.undo, name="explore_undo"),
    path("projects/<int:pk>/explore/grid", choice.grid, name="explore_grid"),
    path("projects/<int:pk>/explore/part", choice.part, name="explore_part"),
    path("projects/<int:pk>/explore/autolabel", promised.page, name="explore_autolabel"),
    path(
        "projects/<int:pk>/explore/autolabel/accept",
        promised.accept,
        name="explore_autolabel_accept",
    ),
    path("projects/<int:pk>/explore/ask", choice.ask, name="explore_ask"),
    path("projects/<int:pk>/explore/export", taking_out.export, name="explore_export"),
    path("projects/<int:pk>/explore/facts", choice.facts, name="explore_facts"),
    path("projects/<int:pk>/explore/clusters", clusters.page, name="explore_clusters"),
    path("projects/<int:pk>/explore/clusters/live", clusters.live, name="explore_clusters_live"),
    path("projects/<int:pk>/explore/clusters/make", clusters.make, name="explore_clusters_make"),
    path(
        "projects/<int:pk>/explore/clusters/<int:survey>/<int:cluster>",
        clusters.members,
        name="explore_cluster",
    ),
    path("projects/<int:pk>/explore/duplicates", duplicates.page, name="explore_duplicates"),
    path(
        "projects/<int:pk>/explore/duplicates/live",
        duplicates.live,
        name="explore_duplicates_live",
    ),
    path(
        "projects/<int:pk>/explore/duplicates/make",
        duplicates.make,
        name="explore_duplicates_make",
    ),
    path(
        "projects/<int:pk>/explore/duplicates/decide",
        duplicates.decide,
        name="explore_duplicates_decide",
    ),
    path(
        "projects/<int:pk>/explore/duplicates/undo",
        duplicates.undo,
        name="explore_duplicates_undo",
    ),
]
