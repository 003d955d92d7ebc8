// Draws synthetic faces with seven expressions and contempt, from which stand-ins are made. The
// program contains all data for them, so the pictures may be published, unlike the photographs of
// the real datasets.
#pragma once

#include <vector>

#include "datasets/faces/face_request.h"

namespace mien {

/// Draws the picture and returns it with the 68 landmarks of its face.
/// REQUIRES: width, height and face_share above 0; 1 or 3 channels.
/// Error (Exit::kUsage): the expression is not one of the eight.
/// Error (Exit::kPrecondition): the request names an installed head and there is none.
FacePicture draw_face(const FaceRequest& request);

/// Returns the vertices of the built-in head (head.h) with the face of that picture: V*3 numbers in
/// mm, before the head is turned. Error (Exit::kUsage): as for draw_face.
std::vector<float> head_vertices(const FaceRequest& request);

}  // namespace mien
