"""Single operators as text: `{0}` and `{1}` are the operands."""

ACTIVATIONS = (
    "F.relu({0})", "F.relu({0})", "F.relu6({0})", "F.hardtanh({0}, -1.5, 2.0)", "F.hardswish({0})", "F.silu({0})",
    "F.silu({0})", "F.gelu({0})", "F.gelu({0}, approximate='tanh')", "F.leaky_relu({0}, 0.1)", "F.elu({0})",
    "F.elu({0}, alpha=0.5)", "torch.sigmoid({0})", "torch.tanh({0})", "{0}.clamp(-1.0, 1.5)", "{0}.clamp(min=0.1)",
    "{0}.clamp(max=1)", "F.hardsigmoid({0})", "F.mish({0})", "F.softplus({0})", "F.selu({0})", "F.celu({0}, 0.7)",
    "{0} * torch.sigmoid({0})", "{0} * F.relu6({0} + 3) / 6", "F.logsigmoid({0})", "F.threshold({0}, 0.1, 0.1)",
    "F.hardshrink({0}, 1e-9)", "F.softsign({0})", "F.tanhshrink({0})",
)  # fmt: skip
IN_PLACE = (
    "F.relu_({0})", "F.relu({0}, inplace=True)", "F.silu({0}, inplace=True)", "F.hardswish({0}, inplace=True)",
    "F.relu6({0}, inplace=True)", "F.leaky_relu({0}, 0.2, inplace=True)", "F.elu({0}, inplace=True)",
    "F.hardtanh({0}, inplace=True)", "{0}.sigmoid_()", "{0}.tanh_()", "{0}.mul_(0.7)", "{0}.add_(0.3)", "{0}.abs_()",
    "{0}.clamp_(-1.0, 1.0)", "{0}.clamp_(min=0.0)", "{0}.sub_(0.2)", "{0}.div_(1.7)", "{0}.square_()", "{0}.neg_()",
)  # fmt: skip
UNARY = (
    "{0}.abs()", "torch.exp({0}.clamp(-3.0, 2.0))", "torch.sqrt({0}.abs() + 0.1)", "torch.square({0})", "{0} ** 2",
    "torch.log({0}.abs() + 0.5)", "torch.rsqrt({0}.abs() + 0.3)", "-{0}", "torch.reciprocal({0}.abs() + 0.5)",
    "{0} * 0.5", "2 * {0}", "{0} + 1", "1 - {0}", "{0} - 0.25", "{0} / 3", "1.5 / ({0}.abs() + 1)", "{0} * 1",
    "{0} + 0", "{0} + 0.0", "{0} * 1.0", "torch.add({0}, 1.0, alpha=0.5)", "torch.sin({0})", "torch.erf({0})",
    "{0}.clone()", "{0} * -1", "{0}.detach()", "{0}.pow(3).clamp(-8.0, 8.0)", "torch.cos({0})",
    "torch.minimum({0}, {0} * 0.5)", "torch.log1p({0}.abs())", "torch.rsub({0}, 1.0)", "torch.true_divide({0}, 2)",
    "F.dropout({0}, 0.5, False)", "F.normalize({0} + 0.3, dim=-1)", "torch.where({0} > 0, {0}, {0} * 0.1)",
    "{0}.masked_fill({0} < 0, 0.0)", "torch.zeros_like({0}) + {0}", "torch.ones_like({0}) * {0}",
    "torch.sum({0}, -1, keepdim=True) * 0.1 + {0}", "F.relu(torch.relu({0}))", "torch.relu({0}) + {0}",
    "torch.exp({0}.clamp(max=1)) * {0}",
)  # fmt: skip
BINARY = (
    "{0} + {1}", "{0} + {1}", "{0} + {1}", "{0} * {1}", "{0} - {1}", "{0} / ({1}.abs() + 1)",
    "torch.add({0}, {1}, alpha=2)", "torch.add({0}, {1}, alpha=0.5)", "torch.sub({0}, {1}, alpha=0.5)",
    "torch.maximum({0}, {1})", "torch.minimum({0}, {1})", "{0} * torch.sigmoid({1})", "F.relu({0} + {1})",
    "torch.lerp({0}, {1}, 0.3)", "torch.addcmul({0}, {0}, {1}, value=0.5)", "{1} + {0}",
    "torch.where({0} > 0, {0}, {0} * {1})", "torch.stack([{0}, {1}], 1).mean(1)", "torch.hypot({0}, {1})",
    "torch.atan2({0}, {1}.abs() + 1)", "torch.div({0}, {1}.abs() + 1)",
)  # fmt: skip
TWICE = (
    "{0} + {0}", "{0} * {0}", "torch.cat([{0}, {0}], 1)", "torch.cat([{0}, {0}], -1)", "{0} - 0.5 * {0}",
    "torch.stack([{0}, {0}], 1).flatten(1, 2)", "torch.cat([{0}, {0}, {0}], 0)", "{0} / ({0}.abs() + 1)",
    "torch.matmul({0}, {0}.transpose(-1, -2)) / {0}.shape[-1]", "torch.cat(({0}, torch.relu({0}), {0}), 1)",
)  # fmt: skip
LAYOUT = (
    "{0}.contiguous()", "{0}.contiguous(memory_format=torch.channels_last)", "{0}.transpose(1, 2)",
    "{0}.transpose(-1, -2)", "{0}.transpose(1, 2).contiguous()", "{0}.permute(0, 2, 3, 1)", "{0}.permute(0, 3, 1, 2)",
    "{0}.flatten(1)", "{0}.flatten(2)", "{0}.flatten(-2)", "{0}.flatten(2).transpose(1, 2)",
    "{0}.reshape({0}.size(0), -1)", "{0}.view({0}.shape[0], {0}.shape[1], -1)", "{0}.unsqueeze(1)",
    "{0}.unsqueeze(-1)", "{0}.squeeze(1)", "{0}[:, ::2]", "{0}[:, 1:]", "{0}[..., :-1]", "{0}[..., ::2]",
    "{0}[:, :, 1::2]", "{0}[:, 0]", "{0}[:, -1]", "{0}[..., 0]", "{0}.flip(-1)", "torch.roll({0}, 1, 1)",
    "{0}[:, None]", "{0}.expand(2, -1, -1, -1)", "{0}.unsqueeze(1).expand(-1, 2, -1, -1).flatten(1, 2)",
    "{0}.repeat(1, 2, 1)", "{0}.movedim(1, -1)", "{0}.narrow(1, 0, 2)", "{0}.select(1, 0)",
    "{0}.unflatten(1, (2, -1))", "{0}.unflatten(1, (2, -1)).transpose(1, 2).flatten(1, 2)", "{0}[:, :, ::2, ::2]",
    "F.pixel_shuffle({0}, 2)", "F.pixel_unshuffle({0}, 2)", "{0}.repeat_interleave(2, 1)", "{0}.mT",
    "{0}.unsqueeze(2)", "{0}.permute(0, 2, 1)", "{0}.permute(1, 0, 2)", "{0}.permute(0, 2, 1, 3)",
    "{0}.squeeze(-1).squeeze(-1)", "torch.narrow({0}, -1, 1, 1)", "torch.tril({0})",
    "{0}.index_select(1, torch.tensor([0, 1]))", "F.unfold({0}, 3, padding=1)", "{0}.cumsum(-1) * 0.3",
)  # fmt: skip
REDUCE = (
    "{0}.mean(1)", "{0}.mean(1, keepdim=True)", "{0}.mean((2, 3))", "{0}.mean((2, 3), keepdim=True)", "{0}.mean(-1)",
    "{0}.sum(-1) / {0}.shape[-1]", "{0}.amax(1)", "{0}.amax((-1,), keepdim=True)", "{0}.amax((2, 3))",
    "torch.max({0}, 1)[0]", "{0}.std(-1)", "{0}.var(-1, keepdim=True)", "{0}.norm(2, -1)", "{0}.logsumexp(-1)",
    "{0}.mean()", "{0}.mean(-2)", "{0}.amin(-1)",
    "torch.cat([{0}.mean(1, keepdim=True), {0}.amax(1, keepdim=True)], 1)", "{0}.mean((1, 2))", "{0}.max()",
)  # fmt: skip
SOFTMAX = (
    "F.softmax({0}, 1)", "F.softmax({0}, -1)", "F.log_softmax({0}, -1)", "F.log_softmax({0}, 1)", "{0}.softmax(0)",
    "torch.softmax({0}, -1, dtype=torch.float32).to({0}.dtype)", "F.softmax({0} * 0.5, -2)", "F.softmin({0}, 1)",
    "F.softmax({0}, -1) * {0}",
)  # fmt: skip
POOLS = (
    "F.max_pool2d({0}, 2)", "F.max_pool2d({0}, 3, 2, 1)", "F.max_pool2d({0}, 3, 2, 1, ceil_mode=True)",
    "F.max_pool2d({0}, 2, ceil_mode=True)", "F.max_pool2d({0}, 3, 1, 1)", "F.max_pool2d({0}, (3, 1), 1, (1, 0))",
    "F.max_pool2d({0}, 3, 1, 2, dilation=2)", "F.max_pool2d({0}, 5, 1, 2)", "F.avg_pool2d({0}, 2)",
    "F.avg_pool2d({0}, 3, 2, 1)", "F.avg_pool2d({0}, 3, 2, 1, ceil_mode=True)",
    "F.avg_pool2d({0}, 2, 2, ceil_mode=True)", "F.avg_pool2d({0}, 3, 1, 1, count_include_pad=False)",
    "F.avg_pool2d({0}, 3, 2, 1, ceil_mode=True, count_include_pad=False)", "F.avg_pool2d({0}, 2, divisor_override=3)",
    "F.avg_pool2d({0}, (1, 3), 1, (0, 1))", "F.avg_pool2d({0}, {0}.shape[2:])", "F.adaptive_avg_pool2d({0}, 1)",
    "F.adaptive_avg_pool2d({0}, (3, 2))", "F.adaptive_max_pool2d({0}, 2)", "F.adaptive_avg_pool2d({0}, (2, 1))",
    "F.avg_pool1d({0}, 2)", "F.max_pool1d({0}, 2, 1)", "F.adaptive_avg_pool1d({0}, 2)",
    "F.avg_pool2d({0}, 4, 3, 2, ceil_mode=True)", "F.lp_pool2d({0}, 2.0, 2)",
    "F.max_pool2d({0}, 3, 2, 1, return_indices=False)", "F.max_pool2d({0}, kernel_size=2, stride=1)",
)  # fmt: skip
RESIZE = (
    "F.interpolate({0}, scale_factor=2.0, mode='nearest')",
    "F.interpolate({0}, scale_factor=2.0, mode='bilinear', align_corners=False)",
    "F.interpolate({0}, size=(7, 5), mode='bilinear', align_corners=True)",
    "F.interpolate({0}, size=(6, 6), mode='nearest')",
    "F.interpolate({0}, size=(5, 7), mode='bicubic', align_corners=False)", "F.pad({0}, (1, 1))",
    "F.pad({0}, (0, 1, 0, 1))", "F.pad({0}, (1, 2, 1, 0), value=0.5)", "F.pad({0}, (1, 1, 1, 1), mode='reflect')",
    "F.pad({0}, (1, 1), mode='replicate')", "F.interpolate({0}, scale_factor=2.0)",
    "F.interpolate({0}, scale_factor=0.5, mode='nearest')", "F.interpolate({0}, size=6, mode='linear')",
    "F.pad({0}, (1, -1))", "F.pad({0}, (0, 0, 0, 0, 0, 1))",
    "F.interpolate({0}, size={0}.shape[2:], mode='bilinear', align_corners=False)",
)  # fmt: skip
