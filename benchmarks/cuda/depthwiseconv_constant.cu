// Depthwise convolution of an RGB image in HWC order. The few weights sit in constant memory; a 16 x 16 block
// stages its tile and apron of one channel in shared memory, and blockIdx.z is the channel.
// shapes: 128_3_3 256_3_3
#include <cuda_runtime.h>

#define H 128
#define K 3
#define C 3

#define OUT_W (H - K + 1)
#define TILE_W 16
#define IN_TILE_W (TILE_W + K - 1)

__constant__ float Kernel[K][K][C];

__global__ void depthwise_tiled(const float *image, float *result)
{
    __shared__ float patch[IN_TILE_W][IN_TILE_W];

    int channel = blockIdx.z;
    int left = blockIdx.x * TILE_W;
    int top = blockIdx.y * TILE_W;

    int thread = threadIdx.y * TILE_W + threadIdx.x;
    for (int i = thread; i < IN_TILE_W * IN_TILE_W; i += TILE_W * TILE_W) {
        int y = i / IN_TILE_W;
        int x = i % IN_TILE_W;
        // Clamped: what lies outside is read for no output that is stored.
        int sy = min(top + y, H - 1);
        int sx = min(left + x, H - 1);
        patch[y][x] = image[(sy * H + sx) * C + channel];
    }
    __syncthreads();

    int row = top + threadIdx.y;
    int col = left + threadIdx.x;
    if (row < OUT_W && col < OUT_W) {
        float pixel = 0.0f;
        for (int i = 0; i < K; i++)
            for (int j = 0; j < K; j++)
                pixel += Kernel[i][j][channel] * patch[threadIdx.y + i][threadIdx.x + j];
        result[(row * OUT_W + col) * C + channel] = pixel;
    }
}

extern "C" void depthwiseconv(const float *image, const float *filter, float *result)
{
    float *imageDev, *resultDev;
    cudaMalloc((void **)&imageDev, sizeof(float) * H * H * C);
    cudaMalloc((void **)&resultDev, sizeof(float) * OUT_W * OUT_W * C);
    cudaMemcpy(imageDev, image, sizeof(float) * H * H * C, cudaMemcpyHostToDevice);
    cudaMemcpyToSymbol(Kernel, filter, sizeof(float) * K * K * C);

    int tiles = (OUT_W + TILE_W - 1) / TILE_W;
    depthwise_tiled<<<dim3(tiles, tiles, C), dim3(TILE_W, TILE_W)>>>(imageDev, resultDev);

    cudaMemcpy(result, resultDev, sizeof(float) * OUT_W * OUT_W * C, cudaMemcpyDeviceToHost);
    cudaFree(imageDev);
    cudaFree(resultDev);
}
