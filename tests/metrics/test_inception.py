"""The Inception path on weights saved from torch-fidelity's own network, against torch-fidelity from end to end.

The weights are random, at He's variance, so that nothing is downloaded. FID needs more than 2,048 images, and they
more minutes than a test may take: here the features are compared by the scores that take fewer, and FID on features of
any kind in `test_fidelity.py`.
"""

import urllib.request
import warnings
from functools import cache
from unittest import mock

import pytest
import torch

import bench.torchvision_fix  # noqa: F401
from bench import data
from bench.errors import UserError
from bench.metrics import Scorer, get_extractor, inception, inception_score
from bench.metrics.extractors import INCEPTION_WEIGHTS, use_inception_weights

# isort: split
from torch_fidelity import calculate_metrics, feature_extractor_inceptionv3

load = cache(data.load)
NETWORK = feature_extractor_inceptionv3.FeatureExtractorInceptionV3


class Images(torch.utils.data.Dataset):
    """A tensor of images as torch-fidelity takes it."""

    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index]


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A state dict of torch-fidelity's Inception in a random state."""
    with (
        torch.random.fork_rng(devices=[]),
        mock.patch.object(NETWORK, "load_state_dict"),
        mock.patch.object(feature_extractor_inceptionv3, "load_state_dict_from_url"),
    ):
        torch.manual_seed(0)
        network = NETWORK("random", ["2048"])
        for layer in network.modules():
            if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
                torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        network.fc.weight.mul_(20)  # decided enough for an Inception score that is not 1
    path = tmp_path_factory.mktemp("inception") / "weights.pth"
    torch.save(network.state_dict(), path)
    yield path
    path.unlink()


@pytest.fixture(autouse=True, scope="module")
def _forget_networks():
    yield
    inception.inception_extractor.cache_clear()


def theirs(weights, real, fake, **wanted):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="This DataLoader will create")
        return calculate_metrics(
            input1=Images(fake),
            input2=Images(real),
            feature_extractor="inception-v3-compat",
            feature_extractor_weights_path=str(weights),
            cuda=False,
            cache=False,
            verbose=False,
            batch_size=11,
            **wanted,
        )


def test_a_machine_names_its_file_outside_the_plan(weights, monkeypatch):
    monkeypatch.setenv(INCEPTION_WEIGHTS, "")
    use_inception_weights(weights)
    dataset = load("shapes")
    assert get_extractor("inception", dataset).hash == get_extractor(f"inception:{weights}", dataset).hash


def colours(n):
    """Real pictures and damaged ones."""
    real = load("shapes").reference_images[:n]
    return real, (real.flip(3) * 0.7).to(torch.uint8)


def test_scores_are_those_of_torch_fidelity(weights):
    n = 4
    dataset = load("shapes")
    real, fake = colours(n)
    scorer = Scorer(dataset, extractor=f"inception:{weights}", n=n)
    ours = scorer.score(fake)
    expected = theirs(weights, real, fake, kid=True, kid_subsets=1, kid_subset_size=n, prc=True, isc=True, isc_splits=1)
    assert ours.values["kid"] == pytest.approx(expected["kernel_inception_distance_mean"], rel=1e-4)
    assert ours.values["kid"] > 1e-3
    whole = inception_score(scorer.extractor(fake)[1], splits=1).mean
    assert whole == pytest.approx(expected["inception_score_mean"], rel=1e-4)
    assert whole > 1.01
    assert ours.values["precision"] == expected["precision"]
    assert ours.values["recall"] == expected["recall"]
    assert "n = 4 for d = 2048" in ours.reasons["fid"]
    assert "does not know the classes of shapes" in ours.reasons["modes"]
    assert scorer.protocol["extractor"] == "inception"
    assert len(scorer.protocol["extractor_hash"]) == 64


def test_grey_pictures_are_repeated(weights):
    grey = colours(2)[1][:, :1]
    extractor = get_extractor(f"inception:{weights}", load("mnist5k"))
    features, logits = extractor(grey)
    assert features.shape == (2, 2048)
    assert torch.equal(extractor(grey.repeat(1, 3, 1, 1))[1], logits)


def test_a_missing_file_is_named():
    with pytest.raises(UserError, match=r"^extractor 'inception:/nowhere/w\.pth': no such file.*\.pth$"):
        get_extractor("inception:/nowhere/w.pth", load("shapes"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no weights", "no PyTorch file of tensors"),
        ([torch.zeros(2)], "holds no state dict"),
        ({"conv": torch.zeros(2)}, "holds no state dict of torch-fidelity's Inception"),
    ],
)
def test_another_file_is_refused_in_one_line(tmp_path, content, reason):
    path = tmp_path / "other.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(UserError, match=reason) as refused:
        get_extractor(f"inception:{path}", load("shapes"))
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_without_a_network_it_says_where_the_weights_are(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # the discard port: nothing answers
    monkeypatch.setattr(urllib.request, "_opener", None)  # it remembers the proxies of its first use
    with pytest.raises(UserError, match=r"cannot be downloaded \(.*refused.*--inception-weights") as refused:
        get_extractor("inception", load("shapes"))
    assert "https://github.com/toshas/torch-fidelity/releases" in str(refused.value)
    assert "\n" not in str(refused.value)
