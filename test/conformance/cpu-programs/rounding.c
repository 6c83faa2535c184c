/* The floating point environment: rounding modes and sticky exceptions, in SSE and in x87. */
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#pragma STDC FENV_ACCESS ON

static volatile double zero = 0, one = 1, three = 3, large = 1e308, tiny = 1e-308;
static volatile long double lzero = 0, lone = 1, lthree = 3;

static const char *names(int raised) {
  static char text[64];
  snprintf(text, sizeof text, "%s%s%s%s%s", raised & FE_INVALID ? "I" : "-", raised & FE_DIVBYZERO ? "Z" : "-",
    raised & FE_OVERFLOW ? "O" : "-", raised & FE_UNDERFLOW ? "U" : "-", raised & FE_INEXACT ? "P" : "-");
  return text;
}
#define SHOW(expression) do { \
  feclearexcept(FE_ALL_EXCEPT); \
  long double value = (expression); \
  int raised = fetestexcept(FE_ALL_EXCEPT); \
  printf("%-20s %.21Lg %s\n", #expression, value, names(raised)); \
} while (0)

int main(void) {
  const int modes[] = { FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO };
  for (int i = 0; i < 4; i++) {
    printf("mode %d: %d\n", i, fesetround(modes[i]));
    SHOW(one / three); SHOW(-one / three); SHOW(lone / lthree); SHOW(-lone / lthree);
    SHOW(one / zero); SHOW(lone / lzero); SHOW(zero / zero); SHOW(lzero / lzero);
    SHOW(large * large); SHOW(tiny * tiny); SHOW(tiny / three); SHOW(sqrt(-one)); SHOW(sqrtl(lthree));
    SHOW(rint(2.5 * one)); SHOW(rintl(-2.5L * lone)); SHOW(lrint(3.5 * one)); SHOW(llrintl(-3.5L * lone));
    SHOW((float)(one / three)); SHOW((int)(large)); SHOW((double)(lone / lthree));
    printf("%d %d\n", fegetround() == modes[i], (int)lrint(one * 1.5));
  }
  fenv_t environment;
  feholdexcept(&environment);
  (void)(one / zero * 0);
  printf("%s\n", names(fetestexcept(FE_ALL_EXCEPT)));
  feupdateenv(&environment);
  fesetenv(FE_DFL_ENV);
  printf("%d %s\n", fegetround(), names(fetestexcept(FE_ALL_EXCEPT)));
  return 0;
}
