// The four BLAS routines that LIBLINEAR's archive needs, for portable builds only. They are hidden,
// so that LibTorch's libraries keep using their own.
#include <cmath>

#define MIEN_BLAS extern "C" __attribute__((visibility("hidden")))

MIEN_BLAS double ddot_(
    const int* n, const double* x, const int* dx, const double* y, const int* dy);
MIEN_BLAS void daxpy_(
    const int* n, const double* a, const double* x, const int* dx, double* y, const int* dy);
MIEN_BLAS void dscal_(const int* n, const double* a, double* x, const int* dx);
MIEN_BLAS double dnrm2_(const int* n, const double* x, const int* dx);

// LIBLINEAR's vectors are contiguous: dx and dy are 1.

double ddot_(const int* n, const double* x, const int*, const double* y, const int*) {
  double sum = 0;
  for (int i = 0; i < *n; ++i) sum += x[i] * y[i];
  return sum;
}

void daxpy_(const int* n, const double* a, const double* x, const int*, double* y, const int*) {
  for (int i = 0; i < *n; ++i) y[i] += *a * x[i];
}

void dscal_(const int* n, const double* a, double* x, const int*) {
  for (int i = 0; i < *n; ++i) x[i] *= *a;
}

double dnrm2_(const int* n, const double* x, const int* dx) {
  return std::sqrt(ddot_(n, x, dx, x, dx));
}
