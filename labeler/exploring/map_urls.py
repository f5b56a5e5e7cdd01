"""Addresses of the map and of similar images, below projects/<pk>/explore/."""

from django.urls import path

from labeler.exploring.views import map, similar

urlpatterns = [
    path("map", map.page, name="explore_map"),
    path("map/make", map.make, name="explore_map_make"),
    path("map/progress", map.progress, name="explore_map_progress"),
    path("map/points", map.points, name="explore_map_points"),
    path("map/kept", map.kept, name="explore_map_kept"),
    path("map/names", map.names, name="explore_map_names"),
    path("similar", similar.page, name="explore_similar"),
    path("similar/upload", similar.upload, name="explore_similar_upload"),
    path("similar/<int:upload>", similar.progress, name="explore_similar_progress"),
    path("similar/<int:upload>/picture", similar.picture, name="explore_similar_picture"),
]
