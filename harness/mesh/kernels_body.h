// Compiled once per instruction set: nothing but raw numbers in here, so that no inline function of
// a library is compiled for instructions that another CPU lacks.
#pragma once

#include "harness/mesh/kernels.h"

namespace mien {
namespace {

// MIEN_LANES: doubles of one register. Memory need not be aligned to it.
using Wide = double __attribute__((vector_size(8 * MIEN_LANES), aligned(8)));
using Four = double __attribute__((vector_size(32), aligned(8)));
using Index = std::ptrdiff_t;

template <typename V>
inline V& at(double* where) {
  return *reinterpret_cast<V*>(where);
}
template <typename V>
inline const V& at(const double* where) {
  return *reinterpret_cast<const V*>(where);
}

template <bool kSubtract, typename V>
inline void put(double* where, const V& sum) {
  if (kSubtract)
    at<V>(where) -= sum;
  else
    at<V>(where) = -sum;
}

/// Two registers of rows: eight sums stay in registers.
template <bool kSubtract>
void product_pair(
    double* c, Index c_step, const double* a, const double* b, Index step, Index depth) {
  Wide p0 = {}, p1 = {}, p2 = {}, p3 = {}, q0 = {}, q1 = {}, q2 = {}, q3 = {};
  for (Index k = 0; k < depth; ++k, a += step, b += step) {
    const Wide x = at<Wide>(a), y = at<Wide>(a + MIEN_LANES);
    p0 += x * b[0], q0 += y * b[0];
    p1 += x * b[1], q1 += y * b[1];
    p2 += x * b[2], q2 += y * b[2];
    p3 += x * b[3], q3 += y * b[3];
  }
  put<kSubtract>(c, p0), put<kSubtract>(c + MIEN_LANES, q0);
  put<kSubtract>(c + c_step, p1), put<kSubtract>(c + c_step + MIEN_LANES, q1);
  put<kSubtract>(c + 2 * c_step, p2), put<kSubtract>(c + 2 * c_step + MIEN_LANES, q2);
  put<kSubtract>(c + 3 * c_step, p3), put<kSubtract>(c + 3 * c_step + MIEN_LANES, q3);
}

/// One register of rows.
template <bool kSubtract, typename V>
void product_one(
    double* c, Index c_step, const double* a, const double* b, Index step, Index depth) {
  V p0 = {}, p1 = {}, p2 = {}, p3 = {};
  for (Index k = 0; k < depth; ++k, a += step, b += step) {
    const V x = at<V>(a);
    p0 += x * b[0], p1 += x * b[1], p2 += x * b[2], p3 += x * b[3];
  }
  put<kSubtract>(c, p0);
  put<kSubtract>(c + c_step, p1);
  put<kSubtract>(c + 2 * c_step, p2);
  put<kSubtract>(c + 3 * c_step, p3);
}

template <bool kSubtract>
void product(double* c,
             Index c_step,
             const double* a,
             const double* b,
             Index step,
             Index rows,
             Index depth) {
  Index row = 0;
  for (; row + 2 * MIEN_LANES <= rows; row += 2 * MIEN_LANES)
    product_pair<kSubtract>(c + row, c_step, a + row, b, step, depth);
  for (; row + MIEN_LANES <= rows; row += MIEN_LANES)
    product_one<kSubtract, Wide>(c + row, c_step, a + row, b, step, depth);
  for (; row < rows; row += 4)
    product_one<kSubtract, Four>(c + row, c_step, a + row, b, step, depth);
}

}  // namespace
}  // namespace mien
