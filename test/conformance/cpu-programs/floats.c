/* Numbers as text and back, in all three formats, and libm: x87 and SSE through a C library's eyes. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long long state = 88172645463325252ull;
static unsigned long long next(void) {
  state ^= state << 13; state ^= state >> 7; state ^= state << 17;
  return state;
}

static void formats(double d, long double l) {
  printf("%e %.17g %a %f|%Le %.21Lg %La %.3Lf\n", d, d, d, d, l, l, l, l);
}

static double randomDouble(void) {
  unsigned long long bits = next();
  double d;
  memcpy(&d, &bits, 8);
  return d;
}

int main(void) {
  const double edges[] = { 0.0, -0.0, 1.0, 0.1, 1e308, DBL_MIN, DBL_TRUE_MIN, DBL_MAX, INFINITY, -INFINITY, NAN, 2.5, 1e23 };
  for (unsigned i = 0; i < sizeof edges / sizeof *edges; i++) formats(edges[i], (long double)edges[i] / 3);
  formats(1, LDBL_MAX); formats(1, LDBL_MIN); formats(1, LDBL_TRUE_MIN);
  for (int i = 0; i < 200; i++) {
    double d = randomDouble();
    if (isnan(d)) continue;
    char text[64], text2[64];
    snprintf(text, sizeof text, "%.17g", d);
    long double l = (long double)d * 1.2345678901234567890L;
    snprintf(text2, sizeof text2, "%.21Lg", l);
    printf("%s %d %d %s\n", text, strtod(text, NULL) == d, strtold(text2, NULL) == l, text2);
  }
  for (int i = 0; i < 200; i++) {
    double x = (double)(long long)next() / 1e18, y = (double)(next() >> 40) / 1e5;
    float f = (float)x;
    printf("%.12g %.12g %.12g %.12g %.12g %.12g\n", sin(x), cos(y), exp(x), log(y + 1), pow(y, x / 3), atan2(x, y));
    printf("%.15g %.12g %.12g %.12g %.6g %.6g\n", sqrt(y), cbrt(x), tgamma(x), erf(x), sinf(f), powf(f * f, 0.3f));
    printf("%d %ld %lld %u %lu %d\n", (int)x, (long)(y * 1e9), llround(x * 1e6), (unsigned)(y), (unsigned long)(y * 1e10), (int)f);
    printf("%.15g %.15g %.15g %.15g\n", floor(x), ceil(y), trunc(x * 100), rint(y / 7));
    printf("%.15g %.15g %.15g\n", fmod(y, 0.37), remainder(x, 0.11), ldexp(x, (int)(y) % 300));
    long double a = x, b = y + 1;
    printf("%.14Lg %.14Lg %.14Lg %.14Lg\n", sinl(a), expl(a), logl(b), powl(b, a / 3));
    printf("%.14Lg %.17Lg %.19Lg %.14Lg\n", atanl(a), sqrtl(b), fmodl(b, 0.37L), tanl(a));
    printf("%.19Lg %.19Lg %lld %.19Lg\n", a * b, a / b, (long long)(b * 1e12L), floorl(a * 1000) + rintl(b));
    printf("%llu %.19Lg %d %d %d\n", (unsigned long long)(b * 1e14L), (long double)next(), a < b, isnan(a / 0 * 0), signbit(-a) != 0);
  }
  double matrix[8][8], product[8][8];
  for (int i = 0; i < 64; i++) matrix[i / 8][i % 8] = (double)(next() % 1000) / 7;
  for (int i = 0; i < 8; i++) for (int j = 0; j < 8; j++) {
    product[i][j] = 0;
    for (int k = 0; k < 8; k++) product[i][j] += matrix[i][k] * matrix[k][j];
    printf("%.14g%c", product[i][j], j == 7 ? '\n' : ' ');
  }
  return 0;
}
