/* The benchmark's work by hand in C, the limit that native.py is measured against. Each function
   does so many rounds and leaves the loss and gradients of the last one.
   gcc -O3 -march=native -fopenmp-simd -shared -fPIC native_hand.c -o native_hand.so -lm */
#include <math.h>
#include <string.h>

#define KEEP __asm__ volatile("" ::: "memory")
#define INLINE static inline __attribute__((always_inline))

double expression(long rounds, double *p, double *grad) {
    double g = 0;
    for (long r = 0; r < rounds; r++, ({ KEEP; })) {
        double a = p[0], b = p[1];
        double c = a + b, c1 = c + c + 1, c2 = c1 + 1 + c1 - a;
        double d = a * b + b * b * b, t1 = b + a, d1 = d + d * 2 + (t1 > 0 ? t1 : 0);
        double t2 = b - a, d2 = d1 + 3 * d1 + (t2 > 0 ? t2 : 0);
        double e = c2 - d2, f = e * e;
        g = f / 2 + 10 / f;
        double de = (0.5 - 10 / (f * f)) * 2 * e, dr2 = t2 > 0 ? -de : 0, dd1 = -4 * de;
        double dr1 = t1 > 0 ? dd1 : 0, dd = 3 * dd1, dc = 4 * de;
        grad[0] = -de - dr2 + dr1 + dd * b + dc;
        grad[1] = dr2 + dr1 + dd * (a + 3 * b * b) + dc;
    }
    return g;
}

/* y <- y a + b, rounds times over n / 2 steps; gradients of a, b and the first y */
double chain(long rounds, long n, const double *p, double *grad, double *tape) {
    double y = 0;
    for (long r = 0; r < rounds; r++, ({ KEEP; })) {
        double a = p[0], b = p[1], g = 1, ga = 0, gb = 0;
        y = p[2];
        for (long k = 0; k < n / 2; k++) { tape[k] = y; y = y * a + b; }
        for (long k = n / 2 - 1; k >= 0; k--) { gb += g; ga += g * tape[k]; g *= a; }
        grad[0] = ga; grad[1] = gb; grad[2] = g;
    }
    return y;
}

double wide(long rounds, long n, const double *restrict w, const double *restrict x,
            double *restrict grad) {
    double s = 0;
    for (long r = 0; r < rounds; r++, ({ KEEP; })) {
        s = 0;
        #pragma omp simd reduction(+:s)
        for (long k = 0; k < n; k++) { double t = w[k] * x[k]; s += t * t; grad[k] = 2 * t * x[k]; }
    }
    return s;
}

/* a layer over N samples, one row of samples per unit; gradients of what it has */
INLINE void layer(int nin, int nout, int N, const double *W, const double *b,
                  const double (*x)[N], double (*z)[N]) {
    for (int j = 0; j < nout; j++) {
        for (int s = 0; s < N; s++) z[j][s] = b[j];
        for (int i = 0; i < nin; i++)
            for (int s = 0; s < N; s++) z[j][s] += W[j * nin + i] * x[i][s];
    }
}

INLINE void layer_back(int nin, int nout, int N, const double *W, const double (*x)[N],
                       const double (*d)[N], double *gW, double *gb, double (*dx)[N]) {
    if (dx) memset(dx, 0, sizeof(double) * nin * N);
    for (int j = 0; j < nout; j++) {
        double sum = 0;
        #pragma omp simd reduction(+:sum)
        for (int s = 0; s < N; s++) sum += d[j][s];
        gb[j] = sum;
        for (int i = 0; i < nin; i++) {
            double g = 0;
            #pragma omp simd reduction(+:g)
            for (int s = 0; s < N; s++) g += d[j][s] * x[i][s];
            gW[j * nin + i] = g;
            if (dx) for (int s = 0; s < N; s++) dx[i][s] += W[j * nin + i] * d[j][s];
        }
    }
}

INLINE void relu(int n, int N, double (*h)[N]) {
    for (int j = 0; j < n; j++) for (int s = 0; s < N; s++) h[j][s] = h[j][s] < 0 ? 0 : h[j][s];
}

INLINE void relu_back(int n, int N, const double (*h)[N], double (*d)[N]) {
    for (int j = 0; j < n; j++) for (int s = 0; s < N; s++) d[j][s] = h[j][s] > 0 ? d[j][s] : 0;
}

/* MLP 2-16-16-1 on 100 points: max-margin + 1e-4 |p|^2; parameters W1 b1 W2 b2 W3 b3 */
double moons(long rounds, double lr, double *p, double *g, const double (*x)[100],
             const double *y) {
    enum { N = 100, W1 = 0, B1 = 32, W2 = 48, B2 = 304, W3 = 320, B3 = 336, P = 337 };
    static double h1[16][N], h2[16][N], o[1][N], d1[16][N], d2[16][N], d3[1][N];
    double loss = 0;
    for (long r = 0; r < rounds; r++) {
        layer(2, 16, N, p + W1, p + B1, x, h1); relu(16, N, h1);
        layer(16, 16, N, p + W2, p + B2, h1, h2); relu(16, N, h2);
        layer(16, 1, N, p + W3, p + B3, h2, o);
        double data = 0, squares = 0;
        #pragma omp simd reduction(+:data)
        for (int s = 0; s < N; s++) {
            double m = 1 - y[s] * o[0][s];
            data += m > 0 ? m : 0;
            d3[0][s] = m > 0 ? -y[s] / N : 0;
        }
        layer_back(16, 1, N, p + W3, h2, d3, g + W3, g + B3, d2); relu_back(16, N, h2, d2);
        layer_back(16, 16, N, p + W2, h1, d2, g + W2, g + B2, d1); relu_back(16, N, h1, d1);
        layer_back(2, 16, N, p + W1, x, d1, g + W1, g + B1, 0);
        #pragma omp simd reduction(+:squares)
        for (int k = 0; k < P; k++) {
            squares += p[k] * p[k]; g[k] += 2e-4 * p[k]; p[k] -= lr * g[k];
        }
        loss = data / N + 1e-4 * squares;
    }
    return loss;
}

/* MLP 64-32-10 on 32 images: softmax cross-entropy; y one row of samples per class */
double digits(long rounds, double lr, double *p, double *g, const double (*x)[32],
              const double (*y)[32]) {
    enum { N = 32, W1 = 0, B1 = 2048, W2 = 2080, B2 = 2400, P = 2410 };
    static double h[32][N], o[10][N], d1[32][N], d2[10][N];
    double loss = 0;
    for (long r = 0; r < rounds; r++) {
        layer(64, 32, N, p + W1, p + B1, x, h); relu(32, N, h);
        layer(32, 10, N, p + W2, p + B2, h, o);
        loss = 0;
        for (int s = 0; s < N; s++) {
            double top = o[0][s], sum = 0;
            for (int k = 1; k < 10; k++) top = o[k][s] > top ? o[k][s] : top;
            for (int k = 0; k < 10; k++) sum += d2[k][s] = exp(o[k][s] - top);
            double l = top + log(sum);
            for (int k = 0; k < 10; k++) {
                loss += y[k][s] * (l - o[k][s]) / N;
                d2[k][s] = (d2[k][s] / sum - y[k][s]) / N;
            }
        }
        layer_back(32, 10, N, p + W2, h, d2, g + W2, g + B2, d1); relu_back(32, N, h, d1);
        layer_back(64, 32, N, p + W1, x, d1, g + W1, g + B1, 0);
        for (int k = 0; k < P; k++) p[k] -= lr * g[k];
    }
    return loss;
}

/* document 001's network: ReLU, sigmoid and softmax layers of three; W_ij b W_jk b W_kl b, row-major
   by input as the document has them; binary cross-entropy summed over the outputs */
double network(long rounds, double lr, double *p, double *g, const double *x, const double *y) {
    double loss = 0;
    for (long r = 0; r < rounds; r++) {
        double v[4][3], d[3], below[3];
        memcpy(v[0], x, sizeof v[0]);
        for (int l = 0; l < 3; l++) {
            const double *W = p + 12 * l, *b = W + 9;
            double sum = 0;
            for (int j = 0; j < 3; j++) {
                double z = b[j];
                for (int i = 0; i < 3; i++) z += W[3 * i + j] * v[l][i];
                v[l + 1][j] = l == 0 ? (z < 0 ? 0 : z) : l == 1 ? 1 / (1 + exp(-z)) : exp(z);
                sum += v[l + 1][j];
            }
            if (l == 2) for (int j = 0; j < 3; j++) v[3][j] /= sum;
        }
        double inner = 0;
        loss = 0;
        for (int j = 0; j < 3; j++) {
            double o = v[3][j];
            if (y[j] != 0) loss -= y[j] * log(o);
            if (y[j] != 1) loss -= (1 - y[j]) * log1p(-o);
            d[j] = -y[j] / o + (1 - y[j]) / (1 - o);
            inner += d[j] * o;
        }
        for (int j = 0; j < 3; j++) d[j] = v[3][j] * (d[j] - inner);
        for (int l = 2; l >= 0; l--) {
            double *W = p + 12 * l, *gW = g + 12 * l;
            for (int i = 0; i < 3; i++) {
                double sum = 0;
                for (int j = 0; j < 3; j++) {
                    gW[3 * i + j] = d[j] * v[l][i];
                    sum += W[3 * i + j] * d[j];
                }
                below[i] = l == 2 ? sum * v[l][i] * (1 - v[l][i]) : v[l][i] > 0 ? sum : 0;
            }
            for (int j = 0; j < 3; j++) { gW[9 + j] = d[j]; d[j] = below[j]; }
        }
        for (int k = 0; k < 36; k++) p[k] -= lr * g[k];
    }
    return loss;
}
