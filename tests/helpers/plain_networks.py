"""Layers and optimisers written out plainly with Keras's conventions: nothing here is the harness's.

A layer's channels come before its rows and columns, as in PyTorch; Keras has them after, which permutes weights alone.
"""

import torch
from torch.nn import functional as F


class Net:
    """Weights in the order in which layers take them: of each layer the kernel, then the bias or shift.

    Layers before a norm have none if `biased` is not set.
    """

    epsilon = 1e-3

    def __init__(self, weights, biased):
        self.biased = biased
        wide = torch.get_default_dtype()
        self.weights = [weight.detach().to(wide, copy=True).contiguous().requires_grad_() for weight in weights]
        self.statistics = {}

    def run(self, layers, given, training=True):
        self.training, self.left = training, iter(enumerate(self.weights))
        return layers(self, given)

    def take(self, normed):
        kernel = next(self.left)[1]
        return kernel, next(self.left)[1] if self.biased or not normed else torch.zeros(())

    def dense(self, x, normed=False):
        kernel, bias = self.take(normed)
        return x.flatten(1) @ kernel.T + bias

    def conv(self, x, stride=1, padding="same", normed=False):
        """A padding of `same` makes ⌈size / stride⌉ of a size, the odd pixel of it right and below."""
        kernel, bias = self.take(normed)
        if padding == "same":
            size, width = x.shape[-1], kernel.shape[-1]
            surplus = max((-(-size // stride) - 1) * stride + width - size, 0)
            x = F.pad(x, (surplus // 2, surplus - surplus // 2) * 2)
        return F.conv2d(x, kernel, stride=stride) + bias.view(-1, 1, 1)

    def transposed(self, x, stride, mirrored=False, normed=False):
        """What the gradient of a `same` convolution makes: all that is reached, cut down to stride · size."""
        kernel, bias = self.take(normed)
        if mirrored:
            kernel = kernel.flip(2, 3).transpose(0, 1)
        first, size = (kernel.shape[-1] - stride) // 2, stride * x.shape[-1]
        reached = F.conv_transpose2d(x, kernel, stride=stride)
        return reached[..., first : first + size, first : first + size] + bias.view(-1, 1, 1)

    def norm(self, x):
        """Momentum 0.99; the running variance is of n − 1."""
        index, scale = next(self.left)
        _, shift = next(self.left)
        over = [0, 2, 3] if x.ndim == 4 else [0]
        mean, variance = self.statistics.setdefault(index, [torch.zeros(len(scale)), torch.ones(len(scale))])
        if self.training:
            rows = x.numel() // len(scale)
            running = x.detach().mean(over), x.detach().var(over, unbiased=False) * rows / (rows - 1)
            self.statistics[index] = [0.99 * mean + 0.01 * running[0], 0.99 * variance + 0.01 * running[1]]
            mean, variance = x.mean(over), x.var(over, unbiased=False)
        shape = [1, -1, *[1] * (x.ndim - 2)]
        normed = (x - mean.view(shape)) / (variance.view(shape) + self.epsilon).sqrt()
        return normed * scale.view(shape) + shift.view(shape)


def leaky(x, slope=0.3):
    return torch.where(x > 0, x, slope * x)


def doubled(x, factor=2):
    return x.repeat_interleave(factor, 2).repeat_interleave(factor, 3)


class RMSprop:
    def __init__(self, net, lr, clip):
        self.net, self.lr, self.clip = net, lr, clip
        self.squares = [torch.zeros_like(weight) for weight in net.weights]

    def descend(self, loss):
        gradients = [each.clamp(-self.clip, self.clip) for each in torch.autograd.grad(loss, self.net.weights)]
        for weight, gradient, square in zip(self.net.weights, gradients, self.squares, strict=True):
            square.copy_(0.9 * square + 0.1 * gradient**2)
            weight.data -= self.lr * gradient / (square.sqrt() + 1e-7)


class Adam:
    def __init__(self, net, lr, beta1=0.9):
        self.net, self.lr, self.beta1, self.t = net, lr, beta1, 0
        self.moments = [(torch.zeros_like(weight), torch.zeros_like(weight)) for weight in net.weights]

    def descend(self, loss):
        gradients = torch.autograd.grad(loss, self.net.weights)
        self.t += 1
        rate = self.lr * (1 - 0.999**self.t) ** 0.5 / (1 - self.beta1**self.t)
        for weight, gradient, (mean, square) in zip(self.net.weights, gradients, self.moments, strict=True):
            mean.copy_(self.beta1 * mean + (1 - self.beta1) * gradient)
            square.copy_(0.999 * square + 0.001 * gradient**2)
            weight.data -= rate * mean / (square.sqrt() + self.epsilon)

    @property
    def epsilon(self):
        """Keras adds it to what is not corrected for the start."""
        return 1e-7


class TorchAdam(Adam):
    @property
    def epsilon(self):
        """PyTorch adds it to what is."""
        return 1e-8 * (1 - 0.999**self.t) ** 0.5


class Nesterov:
    def __init__(self, net, lr):
        self.net, self.lr = net, lr
        self.velocities = [torch.zeros_like(weight) for weight in net.weights]

    def descend(self, loss):
        gradients = torch.autograd.grad(loss, self.net.weights)
        for weight, gradient, velocity in zip(self.net.weights, gradients, self.velocities, strict=True):
            velocity.copy_(0.9 * velocity - self.lr * gradient)
            weight.data += 0.9 * velocity - self.lr * gradient


def cross_entropy(logits, labels):
    """−t log σ(x) − (1 − t) log(1 − σ(x)), a mean over the batch, in the form that cannot overflow."""
    return (F.softplus(logits) - labels * logits).mean()
